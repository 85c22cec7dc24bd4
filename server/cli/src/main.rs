//! `mockmdm`: the command line.

fn main() {}
