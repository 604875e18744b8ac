/// `/people/KEY?directory=NAME`: one person.
///
/// Its forms, each with the hidden fields `form`, `directory` and `key`:
/// - `POST /people/pin` with `because`, which must not be empty, and `until`: empty, or a date as `2026-12-31`.
/// - `POST /people/unpin`, `POST /people/sync`, `POST /waiting/retry`.
/// - `POST /waiting/release` with `because`, which may be empty: approves what is held of this key alone.
package struct PersonPage: Sendable {
  package var frame: Frame
  package var directory: String
  package var key: String
  package var dn: String?
  /// Of the row or the entry, for the heading; nil shows the key.
  package var name: String?
  package var answer: Answer
  /// By attribute: what the row wants, and what the entry has. Empty where no side is known.
  package var sides: [Side]
  /// Columns that decide over scope and activity.
  package var columns: [Column]
  package var pin: WaitingPage.Pin?
  package var parked: WaitingPage.Parked?
  package var held: [WaitingPage.Held.Item]
  /// Newest first.
  package var timeline: [JournalRow]
  /// There is more in the journal than the timeline shows.
  package var hasMore: Bool

  package init(
    _ frame: Frame, directory: String, key: String, dn: String? = nil, name: String? = nil, answer: Answer,
    sides: [Side] = [], columns: [Column] = [], pin: WaitingPage.Pin? = nil, parked: WaitingPage.Parked? = nil,
    held: [WaitingPage.Held.Item] = [], timeline: [JournalRow] = [], hasMore: Bool = false
  ) {
    self.frame = frame
    self.directory = directory
    self.key = key
    self.dn = dn
    self.name = name
    self.answer = answer
    self.sides = sides
    self.columns = columns
    self.pin = pin
    self.parked = parked
    self.held = held
    self.timeline = timeline
    self.hasMore = hasMore
  }

  package enum Answer: Sendable {
    /// `explain` has answered.
    case explained(Explained)
    /// Nobody has, with the reason as a sentence: the page shows what the database knows.
    case unanswered(String)
  }

  /// `rollcall explain`.
  package struct Explained: Sendable {
    package enum Verdict: String, Sendable {
      case inStep = "in_step"
      case pending, blocked, unknown
    }

    package enum Outcome: String, Sendable {
      case ok, no, wait, error
    }

    package struct Step: Sendable {
      /// `row`, `scope`, `mapping`, `match`, `difference`, `gate`, `last_write` or `next`.
      package var name: String
      package var outcome: Outcome
      package var text: String
      /// Of the step `difference`.
      package var ldif: String?

      package init(_ name: String, _ outcome: Outcome, _ text: String, ldif: String? = nil) {
        self.name = name
        self.outcome = outcome
        self.text = text
        self.ldif = ldif
      }
    }

    package var verdict: Verdict
    /// One sentence: `key 17: in step: its entry is uid=ada,ou=users,dc=example,dc=com`
    package var summary: String
    package var steps: [Step]
    package var next: String

    package init(_ verdict: Verdict, summary: String, steps: [Step], next: String) {
      self.verdict = verdict
      self.summary = summary
      self.steps = steps
      self.next = next
    }
  }

  /// One attribute on both sides.
  package struct Side: Sendable {
    package var attribute: String
    /// Nil where it is not known; empty where there is no value.
    package var row: [String]?
    package var entry: [String]?

    package init(_ attribute: String, row: [String]?, entry: [String]?) {
      self.attribute = attribute
      self.row = row
      self.entry = entry
    }

    /// Whether both are known and not the same, in any order.
    package var isDifferent: Bool {
      guard let row, let entry else { return false }
      return row.sorted() != entry.sorted()
    }
  }

  package struct Column: Sendable {
    package var name: String
    /// Nil is NULL.
    package var value: String?

    package init(_ name: String, _ value: String?) {
      self.name = name
      self.value = value
    }
  }
}
