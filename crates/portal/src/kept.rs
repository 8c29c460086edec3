//! Public pages that are the same for everybody who reads them in one language: the part between masthead and foot is
//! rendered once for each state of what it shows. Who draws it is given a [`Shell`] of nobody, so nothing of a visit gets in.

use crate::{
    app::App,
    pages,
    shell::{Place, Shell},
    trouble::Trouble,
    visit::{Paged, Visit, page as paged},
};
use askama::Template;
use base::{Lang, Timestamp};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak},
};

/// Pages kept of one kind of state; past this all are drawn again.
const PAGES_MAX: usize = 128;

/// The part of a page that is the same for everybody.
#[derive(Debug)]
pub struct Part {
    pub title: String,
    pub main: String,
}

impl Part {
    pub fn of(title: String, main: &impl Template) -> Result<Part, Trouble> {
        Ok(Part { title, main: main.render()? })
    }
}

/// Pages that show a `T`. A `T` is known by its place in memory, which no other has as long as the page points to it; the
/// pointer is weak, so that a page nobody opens does not hold an old scoreboard.
pub struct Kept<T> {
    slots: Mutex<HashMap<Name, Arc<Slot<T>>>>,
}

type Name = (Lang, String);

struct Slot<T> {
    drawn: Mutex<Option<Drawn<T>>>,
    /// Held by the one request that draws the page anew.
    turn: Mutex<()>,
}

struct Drawn<T> {
    of: Weak<T>,
    part: Arc<Part>,
    /// When it was last what there is to show.
    current_at: Timestamp,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept { slots: Mutex::default() }
    }
}

fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Kept<T> {
    /// The page of this name over `state`: the drawn one; the one before, if another request is drawing at this moment; else
    /// drawn here. `name` must be one of a closed set, checked before.
    pub fn part(
        &self,
        (lang, name): (Lang, &str),
        state: &Arc<T>,
        now: Timestamp,
        draw: impl FnOnce() -> Result<Part, Trouble>,
    ) -> Result<Arc<Part>, Trouble> {
        let slot = self.slot(lang, name);
        if let Some(part) = slot.current(state, now) {
            return Ok(part);
        }
        let _turn = match (slot.turn.try_lock(), slot.previous(now)) {
            (Ok(turn), _) => turn,
            (Err(TryLockError::WouldBlock), Some(previous)) => return Ok(previous),
            // Nothing to show meanwhile: a few milliseconds of drawing are waited for.
            (Err(_), _) => lock(&slot.turn),
        };
        if let Some(part) = slot.current(state, now) {
            return Ok(part);
        }
        let part = Arc::new(draw()?);
        *lock(&slot.drawn) = Some(Drawn { of: Arc::downgrade(state), part: Arc::clone(&part), current_at: now });
        Ok(part)
    }

    fn slot(&self, lang: Lang, name: &str) -> Arc<Slot<T>> {
        let mut slots = lock(&self.slots);
        let key = (lang, name.to_owned());
        if slots.len() >= PAGES_MAX && !slots.contains_key(&key) {
            slots.clear();
        }
        let empty = || Arc::new(Slot { drawn: Mutex::default(), turn: Mutex::default() });
        Arc::clone(slots.entry(key).or_insert_with(empty))
    }
}

impl<T> Slot<T> {
    fn current(&self, state: &Arc<T>, now: Timestamp) -> Option<Arc<Part>> {
        let mut drawn = lock(&self.drawn);
        let drawn = drawn.as_mut().filter(|drawn| drawn.of.as_ptr() == Arc::as_ptr(state))?;
        drawn.current_at = now;
        Some(Arc::clone(&drawn.part))
    }

    /// The page before, unless it has been wrong for longer than any figure here may be.
    fn previous(&self, now: Timestamp) -> Option<Arc<Part>> {
        let drawn = lock(&self.drawn);
        let drawn = drawn.as_ref()?;
        let wrong_us = now.as_microsecond().saturating_sub(drawn.current_at.as_microsecond());
        (wrong_us.saturating_abs() < monitor::PREVIOUS_US).then(|| Arc::clone(&drawn.part))
    }
}

/// What the pages of the whole window keep.
#[derive(Default)]
pub struct Public {
    pub scores: Kept<monitor::Scoreboard>,
    pub bulletins: Kept<monitor::Bulletin>,
}

impl App {
    /// The shell of a page that nobody in particular reads.
    pub(crate) fn nobody(&self, lang: Lang) -> Shell {
        Shell {
            lang,
            place: Place::Elsewhere,
            office: false,
            path: String::new(),
            who: None,
            unread: 0,
            token: String::new(),
            failed: false,
            refresh_s: None,
            now: self.clock.now(),
            zone: self.zone().clone(),
            style: self.style(),
        }
    }
}

/// The kept part within the visitor's own masthead.
pub fn page(visit: &Visit, place: Place, part: Arc<Part>) -> Paged {
    paged(&pages::Public { s: visit.at(place), part })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::clock::from_micros;
    use std::sync::mpsc;

    fn drawn(text: &str) -> Result<Part, Trouble> {
        Ok(Part { title: String::new(), main: text.to_owned() })
    }

    fn read(kept: &Kept<u8>, state: &Arc<u8>, next: &str) -> String {
        let part = kept.part((Lang::Az, "page"), state, from_micros(0), || drawn(next));
        part.unwrap_or_else(|_| panic!("drawn")).main.clone()
    }

    #[test]
    fn a_page_is_drawn_once_for_each_state_and_language() {
        let (kept, one, two) = (Kept::default(), Arc::new(1_u8), Arc::new(1_u8));
        assert_eq!(read(&kept, &one, "first"), "first");
        assert_eq!(read(&kept, &one, "again"), "first");
        assert_eq!(read(&kept, &two, "second"), "second", "an equal state is another one");
        let russian = kept.part((Lang::Ru, "page"), &two, from_micros(0), || drawn("по-русски"));
        assert_eq!(russian.unwrap_or_else(|_| panic!("drawn")).main, "по-русски");
        assert_eq!(read(&kept, &two, "again"), "second");
    }

    #[test]
    fn while_one_draws_the_others_read_the_page_before_and_draw_none() {
        let (kept, one, two) = (Kept::default(), Arc::new(1_u8), Arc::new(2_u8));
        assert_eq!(read(&kept, &one, "first"), "first");
        let ((began, begun), (finish, finished)) = (mpsc::channel::<()>(), mpsc::channel::<()>());
        std::thread::scope(|scope| {
            let (kept, two) = (&kept, &two);
            let slow = scope.spawn(move || {
                let part = kept.part((Lang::Az, "page"), two, from_micros(0), || {
                    began.send(()).expect("the test waits");
                    finished.recv().expect("the test goes on");
                    drawn("second")
                });
                part.unwrap_or_else(|_| panic!("drawn")).main.clone()
            });
            begun.recv().expect("it draws");
            for _ in 0..50 {
                assert_eq!(read(kept, two, "not drawn"), "first");
            }
            finish.send(()).expect("it waits");
            assert_eq!(slow.join().expect("no panic"), "second");
            assert_eq!(read(kept, two, "not drawn"), "second");
        });
    }

    #[test]
    fn a_page_that_has_long_been_wrong_is_nobody_s() {
        let (kept, one, two) = (Kept::default(), Arc::new(1_u8), Arc::new(2_u8));
        assert_eq!(read(&kept, &one, "first"), "first");
        let slot = kept.slot(Lang::Az, "page");
        assert!(slot.previous(from_micros(monitor::PREVIOUS_US - 1)).is_some());
        assert!(slot.previous(from_micros(monitor::PREVIOUS_US)).is_none());
        // A page that is still right is not old, however long ago it was drawn.
        assert!(slot.current(&one, from_micros(monitor::PREVIOUS_US)).is_some());
        assert!(slot.previous(from_micros(monitor::PREVIOUS_US + 1)).is_some());
        assert!(slot.current(&two, from_micros(0)).is_none());
    }

    #[test]
    fn no_more_pages_are_kept_than_the_limit() {
        let (kept, state) = (Kept::default(), Arc::new(1_u8));
        for number in 0..PAGES_MAX * 2 + 1 {
            let name = number.to_string();
            let part = kept.part((Lang::Az, &name), &state, from_micros(0), || drawn(&name));
            assert_eq!(part.unwrap_or_else(|_| panic!("drawn")).main, name);
            assert!(lock(&kept.slots).len() <= PAGES_MAX);
        }
    }

    #[test]
    fn a_page_that_cannot_be_drawn_is_tried_again() {
        let (kept, state) = (Kept::default(), Arc::new(1_u8));
        let failed = kept.part((Lang::Az, "page"), &state, from_micros(0), || Err(Trouble::NotFound));
        assert!(matches!(failed, Err(Trouble::NotFound)));
        assert_eq!(read(&kept, &state, "first"), "first");
    }
}
