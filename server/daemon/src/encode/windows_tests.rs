//! What may destroy something is known by its name, however that is written.

use super::*;

#[test]
fn destruction_is_known_however_it_is_written() {
    for (text, caught) in [
        (
            "<Exec><Item><Target><LocURI>./Device/Vendor/MSFT/RemoteWipe/doWipe</LocURI></Target></Item></Exec>",
            true,
        ),
        (
            "<Exec><Item><Target><LocURI>./vendor/msft/REMOTEWIPE/dowipeprotected</LocURI></Target></Item></Exec>",
            true,
        ),
        (
            "<Exec><Item><Target><LocURI>./Vendor/MSFT/Remote%57ipe/doWipe</LocURI></Target></Item></Exec>",
            true,
        ),
        (
            "<Exec><Item><Target><LocURI>./Vendor/MSFT/Remote%2557ipe/doWipe</LocURI></Target></Item></Exec>",
            true,
        ),
        (
            "<Exec><Item><Target><LocURI>./Vendor%2FMSFT%2FRemoteWipe%2FdoWipe</LocURI></Target></Item></Exec>",
            true,
        ),
        (
            "<Exec><Item><Target><LocURI>./Vendor/MSFT/&#82;emoteWipe/doWipe</LocURI></Target></Item></Exec>",
            true,
        ),
        (
            "<Atomic><Sequence><Exec><Item><Target><LocURI>./Vendor/MSFT/RemoteLock/Lock</LocURI></Target></Item></Exec></Sequence></Atomic>",
            true,
        ),
        (
            "<Get><Item><Target><LocURI>./DevInfo/DevId</LocURI></Target></Item></Get><Exec><Item><Target><LocURI>./Device/Vendor/MSFT/RemoteWipe/AutomaticRedeployment/doAutomaticRedeployment</LocURI></Target></Item></Exec>",
            true,
        ),
        (
            "<Exec><Item><Target><LocURI>./Device/Vendor/MSFT/Reboot/RebootNow</LocURI></Target></Item></Exec>",
            true,
        ),
        (
            "<Get><Item><Target><LocURI>./Device/Vendor/MSFT/RemoteWipe</LocURI></Target></Item></Get>",
            false,
        ),
        (
            "<Replace><Item><Target><LocURI>./Vendor/MSFT/Remote/Wipe</LocURI></Target><Data>RemoteWipe</Data></Item></Replace>",
            false,
        ),
    ] {
        let found = destructive(&Ask::Verbatim(text.into())).unwrap();
        assert_eq!(found.is_some(), caught, "{text}: {found:?}");
    }
}

#[test]
fn what_a_person_wrote_is_repeated_only_where_that_does_no_harm() {
    for (text, repeatable, scope) in [
        (
            "<Get><Item><Target><LocURI>./DevInfo/DevId</LocURI></Target></Item></Get>",
            true,
            Scope::Device,
        ),
        (
            "<Replace><Item><Target><LocURI>./User/Vendor/x</LocURI></Target><Data>1</Data></Item></Replace>",
            true,
            Scope::User,
        ),
        (
            "<Atomic><Add><Item><Target><LocURI>./x</LocURI></Target></Item></Add></Atomic>",
            false,
            Scope::Device,
        ),
        (
            "<Exec><Item><Target><LocURI>./userland</LocURI></Target></Item></Exec>",
            false,
            Scope::Device,
        ),
    ] {
        let work = written(&text.into()).unwrap();
        assert_eq!((work.repeatable, work.scope), (repeatable, scope), "{text}");
    }
}
