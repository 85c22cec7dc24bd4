//! SQLite storage behind the domain's ports, and one contract suite for every store.
