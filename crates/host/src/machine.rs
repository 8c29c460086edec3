//! What the operating system says of the machine and of this program; what it does not say is absent. Linux's `/proc`.

/// Memory in bytes, files in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MachineFacts {
    pub operating_system: Option<String>,
    pub memory_bytes: Option<u64>,
    pub memory_free_bytes: Option<u64>,
    pub swap_bytes: Option<u64>,
    pub swap_free_bytes: Option<u64>,
    /// Memory that this program holds.
    pub program_memory_bytes: Option<u64>,
    pub open_files: Option<u64>,
    pub open_files_max: Option<u64>,
}

/// As it is now.
pub fn facts() -> MachineFacts {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let mut facts = interpret(&read);
    facts.open_files = std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as u64);
    facts
}

fn interpret(read: &dyn Fn(&str) -> Option<String>) -> MachineFacts {
    let (memory, program) = (read("/proc/meminfo"), read("/proc/self/status"));
    let limits = read("/proc/self/limits");
    let kilobytes = |text: &Option<String>, name: &str| {
        let line = text.as_ref()?.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
    };
    let most = limits.as_ref().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
        line.split_whitespace().next()?.parse().ok()
    });
    MachineFacts {
        operating_system: read("/proc/version").map(|text| text.trim().to_owned()),
        memory_bytes: kilobytes(&memory, "MemTotal"),
        memory_free_bytes: kilobytes(&memory, "MemAvailable"),
        swap_bytes: kilobytes(&memory, "SwapTotal"),
        swap_free_bytes: kilobytes(&memory, "SwapFree"),
        program_memory_bytes: kilobytes(&program, "VmRSS"),
        open_files: None,
        open_files_max: most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_s_texts_are_read() {
        let read = |path: &str| {
            let text = match path {
                "/proc/meminfo" => "MemTotal:  2000 kB\nMemFree: 1 kB\nMemAvailable:    500 kB\nSwapTotal: 0 kB\n",
                "/proc/self/limits" => "Limit Soft Hard\nMax open files            1024     4096     files\n",
                "/proc/version" => "Linux version 6\n",
                _ => return None,
            };
            Some(text.to_owned())
        };
        let facts = interpret(&read);
        assert_eq!((facts.memory_bytes, facts.memory_free_bytes), (Some(2_048_000), Some(512_000)));
        assert_eq!((facts.swap_bytes, facts.swap_free_bytes, facts.open_files_max), (Some(0), None, Some(1024)));
        assert_eq!((facts.operating_system.as_deref(), facts.program_memory_bytes), (Some("Linux version 6"), None));
        assert_eq!(interpret(&|_| None), MachineFacts::default());
    }
}
