//! Which role a server name means on a shared port.

use std::collections::HashMap;

use super::Role;

/// Names to roles; what is not listed gets the listener's own role.
#[derive(Debug, Clone)]
pub struct SniMap {
    default: Role,
    names: HashMap<String, Role>,
}

impl SniMap {
    /// Every name means `default`.
    pub fn new(default: Role) -> Self {
        Self {
            default,
            names: HashMap::new(),
        }
    }

    /// Adds a name. Names are compared without regard to case (RFC 6066 section 3).
    #[must_use]
    pub fn with(mut self, name: &str, role: Role) -> Self {
        self.names.insert(name.to_ascii_lowercase(), role);
        self
    }

    /// The role for a client that asked for `name`, or for none.
    pub fn role(&self, name: Option<&str>) -> Role {
        name.and_then(|name| match self.names.get(name) {
            Some(role) => Some(*role),
            None => self.names.get(&name.to_ascii_lowercase()).copied(),
        })
        .unwrap_or(self.default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_chooses_the_role() {
        let map = SniMap::new(Role::Device).with("MTLS.lab.test", Role::Mtls);
        for (name, role) in [
            (None, Role::Device),
            (Some("mdm.lab.test"), Role::Device),
            (Some("mtls.lab.test"), Role::Mtls),
            (Some("mTLS.LAB.test"), Role::Mtls),
            (Some(""), Role::Device),
        ] {
            assert_eq!(map.role(name), role, "{name:?}");
        }
    }
}
