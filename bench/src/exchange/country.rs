//! The files of the measured country: two agencies with a server each, and as many members and rights as a row wants.

/// What is large in a measured country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Members beside the two that talk.
    pub members: usize,
    /// Services beside the one that is asked, each granted to `clients_per_service` clients.
    pub services: usize,
    pub clients_per_service: usize,
}

pub const SMALL: Size = Size { members: 0, services: 0, clients_per_service: 0 };

pub fn agencies(size: Size) -> String {
    let name = |text: &str| format!("{{ az = \"{text}\", en = \"{text}\", ru = \"{text}\" }}");
    let mut out = format!("[[class]]\ncode = \"GOV\"\nname = {}\n", name("Government"));
    let others = (1..=size.members).map(|number| (format!("9{number:06}"), "other".to_owned()));
    let talking = [("1".to_owned(), "desk".to_owned()), ("2".to_owned(), "book".to_owned())];
    for (code, subsystem) in talking.into_iter().chain(others) {
        let name = name(&format!("Agency {code}"));
        out.push_str(&format!(
            "[[member]]\nclass = \"GOV\"\ncode = \"{code}\"\nname = {name}\n\
             [[member.subsystem]]\ncode = \"{subsystem}\"\nname = {name}\n"
        ));
    }
    out
}

pub fn exchange(size: Size, limits: &str) -> String {
    let mut out = format!(
        "instance = \"AZ\"\n{limits}\n\
         [[server]]\ncode = \"asker\"\nowner = \"AZ/GOV/1\"\nclients = [\"AZ/GOV/1/desk\"]\n\
         [[server]]\ncode = \"keeper\"\nowner = \"AZ/GOV/2\"\nclients = [\"AZ/GOV/2/book\"]\n"
    );
    let service = |code: &str, clients: &str| {
        format!(
            "[[service]]\nprovider = \"AZ/GOV/2/book\"\ncode = \"{code}\"\nversion = \"v1\"\nclients = [{clients}]\n"
        )
    };
    let mut granted: Vec<String> =
        (1..=size.clients_per_service).map(|number| format!("\"AZ/GOV/9{number:06}/other\"")).collect();
    granted.push("\"AZ/GOV/1/desk\"".to_owned());
    let granted = granted.join(", ");
    out.push_str(&service("page", &granted));
    for number in 1..=size.services {
        out.push_str(&service(&format!("service{number}"), &granted));
    }
    out
}

/// Limits under which messages of 10 kB and their answers pass; time-stamping comes often enough to be in every row.
pub const LIMITS: &str = "inquiry_bytes_max = 65536\nanswer_bytes_max = 131072\nconfiguration_validity_s = 3600\n\
    configuration_interval_s = 60\nocsp_freshness_s = 3600\ntime_stamping_interval_s = 2\n\
    time_stamping_failure_period_s = 14400\n";

/// The same for bodies of hundreds of megabytes.
pub const WIDE: &str = "inquiry_bytes_max = 1073741824\nanswer_bytes_max = 1073741824\n\
    configuration_validity_s = 3600\nconfiguration_interval_s = 60\nocsp_freshness_s = 3600\n\
    time_stamping_interval_s = 2\ntime_stamping_failure_period_s = 14400\n\
    [message_log]\nmessage_body_bytes_max = 1073741824\n";
