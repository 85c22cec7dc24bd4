//! Windows MDM wire types (MS-MDE2, MS-XCEP, MS-WSTEP, WAP, SyncML), the server half.
