//! The certificate log.

use mdm_core::certificate::Certificate;
use mdm_core::id::{DeviceId, Serial, Version};
use rusqlite::{Connection, Statement};

use super::conditions::Conditions;
use super::row::{self, ReadError, Row};

/// A serial number belongs to one certificate (RFC 5280 section 4.1.2.2).
impl Row for Certificate {
    const KIND: &'static str = "certificate";
    const INSERT: &'static str = "INSERT INTO certificate (fingerprint, version, doc, serial, device, trans, key_sha256, revoked, issued_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (fingerprint) DO NOTHING";
    const UPDATE: &'static str = "UPDATE certificate SET version = ?2, doc = ?3, serial = ?4, device = ?5, trans = ?6, \
         key_sha256 = ?7, revoked = ?8, issued_at = ?9 WHERE fingerprint = ?1 AND version = ?2 - 1";
    const SELECT: &'static str = "SELECT doc FROM certificate WHERE fingerprint = ?1";

    fn key(&self) -> &str {
        self.fingerprint.as_str()
    }

    fn version(&mut self) -> &mut Version {
        &mut self.version
    }

    fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        statement.raw_bind_parameter(4, self.serial.as_str())?;
        statement.raw_bind_parameter(5, self.device.as_ref().map(DeviceId::as_str))?;
        statement.raw_bind_parameter(6, self.transaction.as_deref())?;
        statement.raw_bind_parameter(7, self.key_sha256.as_str())?;
        statement.raw_bind_parameter(8, self.revoked.is_some())?;
        statement.raw_bind_parameter(9, self.issued_at.0)
    }
}

/// The certificate with this serial number.
pub(crate) fn by_serial(
    conn: &Connection,
    serial: &Serial,
) -> Result<Option<Certificate>, ReadError> {
    row::one(
        conn,
        "SELECT doc FROM certificate WHERE serial = ?1",
        [serial.as_str()],
    )
}

/// The last certificate issued for this key in this transaction.
pub(crate) fn by_transaction(
    conn: &Connection,
    transaction: &str,
    key_sha256: &str,
) -> Result<Option<Certificate>, ReadError> {
    let sql = "SELECT doc FROM certificate WHERE trans = ?1 AND key_sha256 = ?2 \
               ORDER BY issued_at DESC, n DESC LIMIT 1";
    row::one(conn, sql, (transaction, key_sha256))
}

/// Certificates, newest first.
pub(crate) fn list(
    conn: &Connection,
    device: Option<&DeviceId>,
    limit: usize,
) -> Result<Vec<Certificate>, ReadError> {
    let mut conditions = Conditions::default();
    conditions.and("device = ?", device.map(|d| d.as_str().to_owned()));
    let sql = format!(
        "SELECT doc FROM certificate{} ORDER BY issued_at DESC, n DESC LIMIT ?",
        conditions.sql()
    );
    row::many(
        conn,
        &sql,
        rusqlite::params_from_iter(conditions.into_values(row::limit(limit))),
    )
}

/// All revoked certificates, newest first.
pub(crate) fn revoked(conn: &Connection) -> Result<Vec<Certificate>, ReadError> {
    row::many(
        conn,
        "SELECT doc FROM certificate WHERE revoked = 1 ORDER BY issued_at DESC, n DESC",
        [],
    )
}
