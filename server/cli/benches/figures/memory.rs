//! Memory of a server with many enrolled devices.

use mdm_simulators::load::{Kind, Limit};

use crate::Error;
use crate::crowd::Crowd;
use crate::figure::{Figure, Figures, say};
use crate::process::resident;
use crate::server::Server;

pub(crate) async fn measure(
    server: &Server,
    crowd: &Crowd,
    wanted: usize,
    figures: &mut Figures,
) -> Result<(), Error> {
    say("polling from all of them");
    let there = crowd.devices.len();
    crowd
        .load(
            32,
            Kind::IdlePolls,
            Limit::Requests(u64::try_from(there)? * 3),
        )
        .await?;
    let resident = Figure::told(
        "resident memory, devices enrolled and polling",
        resident(server.pid())?,
        "MiB",
    );
    figures.add(if there < wanted {
        // The limit is for all of them.
        resident.note(format!(
            "{there} devices, not the {wanted} of the limit: time was over"
        ))
    } else {
        resident.at_most(100.0).note(format!("{there} devices"))
    });
    Ok(())
}
