//! Simulated devices: the device's half of each protocol, sharing no code with the server.
