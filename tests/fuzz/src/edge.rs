//! The first line of an HTTP request.

use http::Method;
use mdm_daemon::edge::{Query, Role, Route};

/// A method, a space, and a request target: what is served there is nobody's file.
pub fn edge_route(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Some((method, target)) = text.split_once(' ') else {
        return;
    };
    let Ok(method) = method.parse::<Method>() else {
        return;
    };
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    for role in [Role::Bootstrap, Role::Device, Role::Mtls] {
        if let Ok(route) = Route::parse(role, &method, path) {
            assert!(!path.contains(".."), "{path} is {route:?}");
            let _ = route.body_limit();
        }
    }
    let query = Query::new(query);
    for name in ["code", "signed", "identity", "auth"] {
        if let Ok(Some(value)) = query.get(name) {
            assert!(!value.contains(char::is_control), "{value:?}");
        }
    }
}
