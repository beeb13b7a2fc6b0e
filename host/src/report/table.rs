//! Plain text tables.

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table with a header; columns are as wide as their widest cell.
#[derive(Clone, Debug)]
pub struct Table {
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub fn new(columns: &[(&str, Align)]) -> Self {
        Self {
            aligns: columns.iter().map(|&(_, align)| align).collect(),
            rows: vec![columns.iter().map(|&(name, _)| name.to_owned()).collect()],
        }
    }

    /// Adds a row; missing cells are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        let mut row: Vec<String> = cells.into_iter().map(Into::into).collect();
        row.resize(self.aligns.len(), String::new());
        self.rows.push(row);
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = |column: usize| {
            self.rows
                .iter()
                .map(|row| row[column].chars().count())
                .max()
        };
        let widths: Vec<usize> = (0..self.aligns.len()).filter_map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, &width), align) in row.iter().zip(&widths).zip(&self.aligns) {
                line.push_str("  ");
                line.push_str(&match align {
                    Align::Left => format!("{cell:<width$}"),
                    Align::Right => format!("{cell:>width$}"),
                });
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A number with its thousands set apart: `1,234,567`.
pub fn count(value: impl TryInto<u64>) -> String {
    let digits = value
        .try_into()
        .map_or_else(|_| "?".to_owned(), |value| value.to_string());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A text of so many characters at most: what is too long loses its middle.
pub fn shortened(text: &str, max_chars: usize) -> String {
    let len = text.chars().count();
    if len <= max_chars || max_chars == 0 {
        return text.to_owned();
    }
    let kept = max_chars - 1;
    let head: String = text.chars().take(kept / 2).collect();
    let tail: String = text.chars().skip(len - (kept - kept / 2)).collect();
    format!("{head}\u{2026}{tail}")
}

/// A number of bytes: `1,234 B`.
pub fn bytes(value: impl TryInto<u64>) -> String {
    format!("{} B", count(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let shown = [0_u64, 999, 1_000, 12_345, 1_234_567].map(count);
        assert_eq!(shown, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn long_names_lose_their_middle() {
        let shown = [
            ("abc", 3),
            ("abcdef", 5),
            ("abcdef", 4),
            ("\u{e9}\u{e9}\u{e9}", 2),
        ];
        let shown = shown.map(|(text, len)| shortened(text, len));
        assert_eq!(
            shown,
            ["abc", "ab\u{2026}ef", "a\u{2026}ef", "\u{2026}\u{e9}"]
        );
    }

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&[("name", Align::Left), ("n", Align::Right)]);
        table.row(["a", "1,000"]);
        table.row(["longer"]);
        assert_eq!(
            table.to_string(),
            "  name        n\n  a       1,000\n  longer\n"
        );
    }
}
