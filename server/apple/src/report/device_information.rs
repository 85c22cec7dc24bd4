//! The results of `DeviceInformation` and `SecurityInfo`.

use super::CommandReport;
use crate::plist::{Dict, FieldError, Value};

impl CommandReport {
    /// The result of `DeviceInformation`: answers by query, in the device's order. A query it does not answer is
    /// missing.
    pub fn device_information(&self) -> Result<&Dict, FieldError> {
        self.dict("QueryResponses")
    }

    /// The result of `SecurityInfo`.
    pub fn security_info(&self) -> Result<&Dict, FieldError> {
        self.dict("SecurityInfo")
    }

    fn dict(&self, key: &'static str) -> Result<&Dict, FieldError> {
        self.result
            .get(key)
            .and_then(Value::as_dict)
            .ok_or_else(|| FieldError::Missing {
                message: "result".to_owned(),
                key,
                expected: "a dictionary",
            })
    }
}
