//! The domain of an MDM server: devices, commands, deliveries, events, ports. No I/O.
