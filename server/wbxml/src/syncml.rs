//! The dialects of SyncML, as OMA DM uses them.
//!
//! Tokens: the WBXML definitions in "SyncML Representation Protocol" (OMA-TS-SyncML_RepPro-V1_2), "SyncML Meta
//! Information" (OMA-TS-SyncML_MetaInfo-V1_2) and "Device Information" (OMA-TS-DS_DevInf-V1_2). Each version appends to
//! the tables of the one before.

use crate::dialect::{Dialect, Page};

/// The namespace of SyncML 1.2.
pub const NAMESPACE_1_2: &str = "SYNCML:SYNCML1.2";
/// The namespace of meta information, in every version.
pub const METINF: &str = "syncml:metinf";
/// The namespace of device information, in every version.
pub const DEVINF: &str = "syncml:devinf";

/// The dialects that one listener should offer, the usual one first.
pub const DIALECTS: &[&Dialect] = &[&SYNCML_1_2, &SYNCML_1_1, &SYNCML_1_0, &DEVINF_1_2];

/// SyncML 1.2, which OMA DM 1.2 and every Windows device speaks.
pub static SYNCML_1_2: Dialect = Dialect {
    public_id: 0x1201,
    formal_id: "-//SYNCML//DTD SyncML 1.2//EN",
    pages: &[
        Page {
            number: 0,
            namespace: NAMESPACE_1_2,
            names: SYNCML,
        },
        metinf(METINF_NAMES),
    ],
};

/// SyncML 1.1.
pub static SYNCML_1_1: Dialect = Dialect {
    public_id: 0x0FD3,
    formal_id: "-//SYNCML//DTD SyncML 1.1//EN",
    pages: &[
        Page {
            number: 0,
            namespace: "SYNCML:SYNCML1.1",
            names: SYNCML_TO_MORE_DATA,
        },
        metinf(METINF_TO_MAX_OBJ_SIZE),
    ],
};

/// SyncML 1.0.
///
/// Differs: its own tables end at `VerProto` and `Version`. The few names that 1.1 appended are known here, too: libwbxml
/// writes them into 1.0 documents.
pub static SYNCML_1_0: Dialect = Dialect {
    public_id: 0x0FD1,
    formal_id: "-//SYNCML//DTD SyncML 1.0//EN",
    pages: &[
        Page {
            number: 0,
            namespace: "SYNCML:SYNCML1.0",
            names: SYNCML_TO_MORE_DATA,
        },
        metinf(METINF_TO_MAX_OBJ_SIZE),
    ],
};

/// Device information 1.2: a document of its own, never part of a SyncML one.
pub static DEVINF_1_2: Dialect = Dialect {
    public_id: 0x1203,
    formal_id: "-//SYNCML//DTD DevInf 1.2//EN",
    pages: &[Page {
        number: 0,
        namespace: DEVINF,
        names: DEVINF_NAMES,
    }],
};

const fn metinf(names: &'static [&'static str]) -> Page {
    Page {
        number: 1,
        namespace: METINF,
        names,
    }
}

#[rustfmt::skip]
const SYNCML: &[&str] = &[
    "Add", "Alert", "Archive", "Atomic", "Chal", "Cmd", "CmdID", "CmdRef", "Copy", "Cred", "Data", // 05..=0F
    "Delete", "Exec", "Final", "Get", "Item", "Lang", "LocName", "LocURI",                         // 10..=17
    "Map", "MapItem", "Meta", "MsgID", "MsgRef", "NoResp", "NoResults", "Put",                     // 18..=1F
    "Replace", "RespURI", "Results", "Search", "Sequence", "SessionID", "SftDel", "Source",        // 20..=27
    "SourceRef", "Status", "Sync", "SyncBody", "SyncHdr", "SyncML", "Target", "TargetRef",         // 28..=2F
    "", "VerDTD", "VerProto", "NumberOfChanges", "MoreData", "Field", "Filter", "Record",          // 30..=37
    "FilterType", "SourceParent", "TargetParent", "Move", "Correlator",                            // 38..=3C
];

const SYNCML_TO_MORE_DATA: &[&str] = SYNCML.split_at(48).0;

#[rustfmt::skip]
const METINF_NAMES: &[&str] = &[
    "Anchor", "EMI", "Format", "FreeID", "FreeMem", "Last", "Mark", "MaxMsgSize", "Mem", "MetInf", "Next", // 05..=0F
    "NextNonce", "SharedMem", "Size", "Type", "Version", "MaxObjSize", "FieldLevel",                       // 10..=16
];

const METINF_TO_MAX_OBJ_SIZE: &[&str] = METINF_NAMES.split_at(17).0;

#[rustfmt::skip]
const DEVINF_NAMES: &[&str] = &[
    "CTCap", "CTType", "DataStore", "DataType", "DevID", "DevInf", "DevTyp", "DisplayName", "DSMem", "Ext", "FwV", // 05..=0F
    "HwV", "Man", "MaxGUIDSize", "MaxID", "MaxMem", "Mod", "OEM", "ParamName",               // 10..=17
    "PropName", "Rx", "Rx-Pref", "SharedMem", "MaxSize", "SourceRef", "SwV", "SyncCap",      // 18..=1F
    "SyncType", "Tx", "Tx-Pref", "ValEnum", "VerCT", "VerDTD", "XNam", "XVal",               // 20..=27
    "UTC", "SupportNumberOfChanges", "SupportLargeObjs", "Property", "PropParam",            // 28..=2C
    "MaxOccur", "NoTruncate", "", "Filter-Rx", "FilterCap", "FilterKeyword", "FieldLevel",   // 2D..=33
    "SupportHierarchicalSync",                                                               // 34
];

#[cfg(test)]
mod tests {
    use super::*;

    /// One name per row of the tables, so that a name left out shifts a row.
    #[test]
    fn tables_stand_where_the_specifications_put_them() {
        for (dialect, page, token, name) in [
            (&SYNCML_1_2, 0, 0x05, Some("Add")),
            (&SYNCML_1_2, 0, 0x10, Some("Delete")),
            (&SYNCML_1_2, 0, 0x18, Some("Map")),
            (&SYNCML_1_2, 0, 0x20, Some("Replace")),
            (&SYNCML_1_2, 0, 0x2D, Some("SyncML")),
            (&SYNCML_1_2, 0, 0x30, None),
            (&SYNCML_1_2, 0, 0x34, Some("MoreData")),
            (&SYNCML_1_2, 0, 0x3C, Some("Correlator")),
            (&SYNCML_1_2, 0, 0x3D, None),
            (&SYNCML_1_2, 1, 0x10, Some("NextNonce")),
            (&SYNCML_1_2, 1, 0x16, Some("FieldLevel")),
            (&SYNCML_1_1, 0, 0x34, Some("MoreData")),
            (&SYNCML_1_1, 0, 0x35, None),
            (&SYNCML_1_1, 1, 0x15, Some("MaxObjSize")),
            (&SYNCML_1_1, 1, 0x16, None),
            (&SYNCML_1_0, 0, 0x32, Some("VerProto")),
            (&SYNCML_1_0, 0, 0x35, None),
            (&SYNCML_1_0, 1, 0x14, Some("Version")),
            (&SYNCML_1_0, 1, 0x16, None),
            (&DEVINF_1_2, 0, 0x0A, Some("DevInf")),
            (&DEVINF_1_2, 0, 0x28, Some("UTC")),
            (&DEVINF_1_2, 0, 0x2F, None),
            (&DEVINF_1_2, 0, 0x34, Some("SupportHierarchicalSync")),
        ] {
            let found = dialect.page(page).and_then(|page| page.name(token));
            assert_eq!(found, name, "{} {page} {token:#04x}", dialect.formal_id);
        }
    }
}
