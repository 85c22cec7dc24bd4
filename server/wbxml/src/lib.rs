//! A bounded WBXML codec with the token tables of SyncML and MetInf.
