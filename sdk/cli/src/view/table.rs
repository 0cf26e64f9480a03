//! Aligned columns.

use crate::output::BOLD;

/// Rows in aligned columns.
#[derive(Debug)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Builds a table of one row for each item.
    pub(crate) fn of<T, const N: usize>(
        headings: [&'static str; N],
        items: &[T],
        cells: impl Fn(&T) -> [String; N],
    ) -> Self {
        Self { headings: headings.to_vec(), rows: items.iter().map(|item| cells(item).to_vec()).collect() }
    }

    /// Returns the text, with a word for an empty table.
    pub(crate) fn render(&self, nothing: &str) -> String {
        if self.rows.is_empty() {
            return format!("{nothing}\n");
        }
        let mut text = format!("{BOLD}{}{BOLD:#}\n", self.line(self.headings.iter().copied()));
        for row in &self.rows {
            text.push_str(&self.line(row.iter().map(String::as_str)));
            text.push('\n');
        }
        text
    }

    fn line<'a>(&self, cells: impl Iterator<Item = &'a str>) -> String {
        let mut line = String::new();
        for (column, cell) in cells.enumerate() {
            let cell = one_line(cell);
            line.push_str(&cell);
            let padding = self.width(column).saturating_sub(cell.chars().count()) + 2;
            line.extend(std::iter::repeat_n(' ', padding));
        }
        line.truncate(line.trim_end().len());
        line
    }

    fn width(&self, column: usize) -> usize {
        let heading = self.headings.get(column).map_or(0, |heading| heading.len());
        let cells =
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| one_line(cell).chars().count());
        cells.max().unwrap_or(0).max(heading)
    }
}

/// Shows control characters instead of obeying them.
fn one_line(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars().map(|character| if character.is_control() { '\u{b7}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn columns_are_aligned_and_nothing_trails() {
        let table = Table::of(
            ["NAME", "DESCRIPTION"],
            &[("a", ""), ("longer name", "x\ny")],
            |(name, description)| [(*name).into(), (*description).into()],
        );
        let text = anstream::adapter::strip_str(&table.render("none")).to_string();
        assert_snapshot!(text, @r"
        NAME         DESCRIPTION
        a
        longer name  x·y
        ");
        assert!(text.lines().all(|line| line == line.trim_end()));
    }
}
