//! `pencere score`: the country's own monitoring method, on the report's answers and on the running country's evidence.

use crate::cli::Score;
use crate::wiring;
use crate::wiring::folder::CountryFolder;
use std::process::ExitCode;

pub async fn run(score: Score) -> Result<ExitCode, String> {
    let country = CountryFolder::load(&score.country).map_err(|problems| problems.join("\n"))?;
    let monitor = wiring::monitor_of(&country, &score.data).await?;
    let board = monitor.scoreboard_now().await.map_err(|fault| fault.to_string())?;
    if score.json {
        let text = serde_json::to_string(&board.score).map_err(|cause| cause.to_string())?;
        print(&text);
        return Ok(ExitCode::SUCCESS);
    }
    print(board.score.to_string().trim_end());
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "the score is the command's answer")]
fn print(line: &str) {
    println!("{line}");
}
