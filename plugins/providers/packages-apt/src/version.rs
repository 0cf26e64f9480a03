//! Order of Debian versions (policy 5.6.12).

use std::cmp::Ordering;

/// Compares two versions.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (split(left), split(right));
    left.0.cmp(&right.0).then_with(|| part(left.1, right.1)).then_with(|| part(left.2, right.2))
}

/// Epoch, upstream version, revision.
fn split(version: &str) -> (u64, &str, &str) {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, "0"));
    (epoch.parse().unwrap_or_default(), upstream, revision)
}

/// Compares by turns what is no digit, by Debian's order, and what is, by value.
fn part(mut left: &str, mut right: &str) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        let (left_text, left_rest) = cut(left, |byte| !byte.is_ascii_digit());
        let (right_text, right_rest) = cut(right, |byte| !byte.is_ascii_digit());
        let (left_number, left_rest) = cut(left_rest, |byte| byte.is_ascii_digit());
        let (right_number, right_rest) = cut(right_rest, |byte| byte.is_ascii_digit());
        let order = text(left_text, right_text).then_with(|| number(left_number, right_number));
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    Ordering::Equal
}

fn cut(part: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = part.bytes().position(|byte| !belongs(byte)).unwrap_or(part.len());
    part.split_at(end)
}

fn text(left: &str, right: &str) -> Ordering {
    let longest = left.len().max(right.len());
    let weights = |text: &str| (0..longest).map(|at| weight(text.as_bytes().get(at))).collect::<Vec<_>>();
    weights(left).cmp(&weights(right))
}

/// A tilde comes before the end, the end before letters, letters before the rest.
fn weight(byte: Option<&u8>) -> u16 {
    match byte {
        Some(b'~') => 0,
        None => 1,
        Some(letter) if letter.is_ascii_alphabetic() => 2 + u16::from(*letter),
        Some(other) => 512 + u16::from(*other),
    }
}

/// Without leading zeros the longer number is the larger one.
fn number(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::compare;

    #[test]
    fn versions_are_ordered_as_dpkg_orders_them() {
        for (smaller, larger) in [
            ("1.0", "1.1"),
            ("1.9", "1.10"),
            ("1.0~rc1", "1.0"),
            ("1.0~~", "1.0~"),
            ("1.0", "1.0a"),
            ("1.0a", "1.0+b1"),
            ("1.0-1", "1.0-1+b1"),
            ("1.22.1-9", "1.22.1-9+deb12u1"),
            ("9.9", "1:0.1"),
            ("2.0-1~bpo12+1", "2.0-1"),
            ("1.2.3-4-5", "1.2.3-4-6"),
        ] {
            assert_eq!(compare(smaller, larger), Ordering::Less, "{smaller} {larger}");
            assert_eq!(compare(larger, smaller), Ordering::Greater, "{larger} {smaller}");
        }
        for (one, same) in [("1.0", "1.0-0"), ("0:1.0", "1.0"), ("1.01", "1.1"), ("1.0", "1.0")] {
            assert_eq!(compare(one, same), Ordering::Equal, "{one} {same}");
        }
    }
}
