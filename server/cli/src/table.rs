//! Aligned columns for people.

use std::fmt;

use crate::field::plain;

/// Rows under headings. Every cell is made harmless for a terminal.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    empty: &'static str,
}

impl Table {
    /// A table without rows; `empty` is said in place of one that stays so.
    pub(crate) fn new(headings: &[&'static str], empty: &'static str) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: Vec::new(),
            empty,
        }
    }

    /// Adds a row. Cells that are missing stay empty, cells too many are dropped.
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let mut row: Vec<String> = cells
            .into_iter()
            .take(self.headings.len())
            .map(|cell| plain(cell.as_ref()))
            .collect();
        row.resize(self.headings.len(), String::new());
        self.rows.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return f.write_str(self.empty);
        }
        let width = |column: usize| {
            let cells = self
                .rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(String::as_str);
            cells
                .chain(self.headings.get(column).copied())
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.headings.len()).map(width).collect();
        let mut line = |cells: &mut dyn Iterator<Item = &str>| {
            let mut text = String::new();
            for (cell, width) in cells.zip(&widths) {
                text.push_str(cell);
                text.extend(std::iter::repeat_n(
                    ' ',
                    width.saturating_sub(cell.chars().count()) + 2,
                ));
            }
            writeln!(f, "{}", text.trim_end())
        };
        line(&mut self.headings.iter().copied())?;
        for row in &self.rows {
            line(&mut row.iter().map(String::as_str))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_nothing_reaches_the_terminal() {
        let mut table = Table::new(&["id", "name", "state"], "nothing");
        table.row(["1", "Zoë's & <iPhone>", "enrolled"]);
        table.row(["12345", "\u{1b}[31mred\nline", "x", "too many"]);
        table.row(["6"]);
        insta::assert_snapshot!(table.to_string(), @r"
        id     name                    state
        1      Zoë's & <iPhone>        enrolled
        12345  \u{1b}[31mred\u{a}line  x
        6
        ");
    }

    #[test]
    fn an_empty_table_says_so() {
        assert_eq!(Table::new(&["id"], "no devices").to_string(), "no devices");
    }
}
