//! Profiles an MDM delivers: settings, checks against Apple's schema, one compiler per platform. Pure.
