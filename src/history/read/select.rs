//! A `SELECT` as it is put together: conditions with their parameters, numbered in the order in which they come.

use crate::domain::mode::Mode;
use crate::history::{Cell, Database, HistoryError, Row};

/// A statement under way.
#[derive(Debug, Clone)]
pub(super) struct Select {
    sql: String,
    params: Vec<Cell>,
    conditions: usize,
}

impl Select {
    /// `SELECT … FROM …`, without `WHERE`.
    pub fn new(head: &str) -> Self {
        Select { sql: head.to_owned(), params: Vec::new(), conditions: 0 }
    }

    /// One more condition. Each `?` in it stands for the next of the values.
    pub fn and<const N: usize>(&mut self, condition: &str, values: [Cell; N]) -> &mut Self {
        self.sql.push_str(if self.conditions == 0 { " WHERE " } else { " AND " });
        self.conditions += 1;
        self.put(condition, values)
    }

    /// One more condition if there is a value for it.
    pub fn and_if(&mut self, condition: &str, value: Option<impl Into<Cell>>) -> &mut Self {
        match value {
            Some(value) => self.and(condition, [value.into()]),
            None => self,
        }
    }

    /// One more condition: the column holds this mode. A constant, so that an index of what is rare is found.
    pub fn and_mode(&mut self, column: &str, mode: Mode) -> &mut Self {
        self.and(&format!("{column} = '{}'", mode.as_str()), [])
    }

    /// More of the statement.
    pub fn put<const N: usize>(&mut self, more: &str, values: [Cell; N]) -> &mut Self {
        let mut parts = more.split('?');
        self.sql.push_str(parts.next().unwrap_or(""));
        for (part, value) in parts.zip(values) {
            self.params.push(value);
            self.sql.push('$');
            self.sql.push_str(&self.params.len().to_string());
            self.sql.push_str(part);
        }
        self
    }

    /// The statement and its parameters.
    #[cfg(test)]
    pub fn parts(&self) -> (&str, &[Cell]) {
        (&self.sql, &self.params)
    }

    /// Its rows.
    pub async fn rows(&self, database: &Database) -> Result<Vec<Row>, HistoryError> {
        database.read(&self.sql, &self.params).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_in_their_order() {
        let mut select = Select::new("SELECT 1 FROM x");
        select.and("a = ?", ["1".into()]).and_if("b = ?", None::<i64>).and("(c < ? OR d < ?)", [2i64.into(), 3i64.into()]);
        select.and_mode("e", Mode::Test).put(" LIMIT ?", [5i64.into()]);
        let (sql, params) = select.parts();
        assert_eq!(sql, "SELECT 1 FROM x WHERE a = $1 AND (c < $2 OR d < $3) AND e = 'test' LIMIT $4");
        assert_eq!(params, [Cell::Text("1".into()), Cell::Int(2), Cell::Int(3), Cell::Int(5)]);
    }
}
