//! Apple MDM wire types, the server's half.
