//! The conditions of a list, put together from what its filter names.

use rusqlite::types::Value;

/// Conditions that must all hold, and the values they compare with.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition where there is a value; `?` in it stands for the value. The text is ours,
    /// never a caller's.
    pub(crate) fn and(&mut self, condition: &'static str, value: Option<impl Into<Value>>) {
        let Some(value) = value else { return };
        self.sql.push_str(if self.sql.is_empty() {
            " WHERE "
        } else {
            " AND "
        });
        self.sql.push_str(condition);
        self.values.push(value.into());
    }

    /// Text for a statement, empty where nothing was added. Values count from `?1` in their order.
    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    /// The values, and one more for the statement's `LIMIT ?`.
    pub(crate) fn into_values(mut self, limit: i64) -> Vec<Value> {
        self.values.push(Value::Integer(limit));
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_only_what_is_named() {
        let mut conditions = Conditions::default();
        assert_eq!(conditions.sql(), "");
        conditions.and("a = ?", None::<String>);
        conditions.and("b = ?", Some(1));
        conditions.and("c = ?", Some("x' OR 1".to_owned()));
        assert_eq!(conditions.sql(), " WHERE b = ? AND c = ?");
        let values = vec![
            Value::Integer(1),
            Value::Text("x' OR 1".to_owned()),
            Value::Integer(9),
        ];
        assert_eq!(conditions.into_values(9), values);
    }
}
