//! Paths as ids.

use hostwright_sdk::Error;

/// Checks that an id is an absolute path that can be meant in one way only.
pub(crate) fn check_path(id: &str) -> Result<(), Error> {
    let Some(relative) = id.strip_prefix('/') else {
        return Err(Error::invalid("", format!("the id `{id}` is not an absolute path: begin it with `/`")));
    };
    if id.len() > 4096 || id.contains('\0') {
        return Err(Error::invalid("", "the id is no path: it is too long or contains a NUL"));
    }
    if relative.split('/').any(|name| matches!(name, "" | "." | "..")) {
        return Err(Error::invalid(
            "",
            format!("the path `{id}` must not contain `.`, `..`, `//` or a slash at its end"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_path;

    #[test]
    fn only_a_plain_absolute_path_is_an_id() {
        for good in ["/etc/motd", "/a", "/srv/x y/ü"] {
            assert_eq!(check_path(good), Ok(()), "{good}");
        }
        for bad in ["", "/", "etc/motd", "/etc/", "/etc//motd", "/etc/../motd", "/./etc", "/etc/m\0td"] {
            assert!(check_path(bad).is_err(), "{bad}");
        }
    }
}
