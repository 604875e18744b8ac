/// `/waiting`: what waits for a person, of the frame's directory or of all of them.
///
/// Its forms, each with the hidden fields `form` and `directory`:
/// - `POST /waiting/release` with `set` and `count`, the number that the person has typed: to be refused unless it is
///   the number of the set's removals; `because`, which may be empty. Or with `key` and `because`: what is held of it.
/// - `POST /waiting/retry` with `key` for one key, or with `reason` for all keys that are parked for it.
/// - `POST /people/pin` with `key` and `because`, which must not be empty. `POST /people/unpin` with `key`.
///
/// What is about one key has the field `page`: with `waiting` the answer leads back here, not to the person.
package struct WaitingPage: Sendable {
  package var frame: Frame
  package var held: [Held]
  /// Nil where nothing has ever been held, as far as the journal goes back; likewise ``lastParked``.
  package var lastHeld: Moment?
  /// The longest parked first.
  package var parked: [Parked]
  package var lastParked: Moment?
  package var pins: [Pin]
  /// By date.
  package var due: [Due]

  package init(
    _ frame: Frame, held: [Held] = [], lastHeld: Moment? = nil, parked: [Parked] = [], lastParked: Moment? = nil,
    pins: [Pin] = [], due: [Due] = []
  ) {
    self.frame = frame
    self.held = held
    self.lastHeld = lastHeld
    self.parked = parked
    self.lastParked = lastParked
    self.pins = pins
    self.due = due
  }

  /// Everything that is held in one directory.
  package struct Held: Sendable {
    package struct Item: Sendable {
      package var key: String
      /// `delete`, `disable`, `leave`, `takeover`.
      package var action: String
      package var dn: String
      package var since: Moment?
      /// Why it is held; nil where an older version did so.
      package var reason: String?

      package init(key: String, action: String, dn: String, since: Moment?, reason: String?) {
        self.key = key
        self.action = action
        self.dn = dn
        self.since = since
        self.reason = reason
      }
    }

    package var directory: String
    /// The id of exactly this set; nil where it is too large for a page, which shows some of it and has no form.
    package var set: String?
    package var items: [Item]
    /// How many there are.
    package var total: Int
    /// Entries that are managed in all; nil where it is not known.
    package var managed: Int?
    /// What approving would write; nil where no daemon has answered.
    package var ldif: String?

    package init(directory: String, set: String?, items: [Item], managed: Int? = nil, ldif: String? = nil) {
      self.directory = directory
      self.set = set
      self.items = items
      total = items.count
      self.managed = managed
      self.ldif = ldif
    }
  }

  /// A key that is set aside with its error.
  package struct Parked: Sendable {
    package var directory: String
    package var key: String
    /// `schema`, `name-taken` …
    package var reason: String
    /// The LDAP result code.
    package var code: Int?
    package var message: String
    package var attempts: Int
    package var since: Moment?
    /// Nil where it waits for its cause to change.
    package var nextAt: Moment?

    package init(
      directory: String, key: String, reason: String, code: Int? = nil, message: String, attempts: Int,
      since: Moment?, nextAt: Moment? = nil
    ) {
      self.directory = directory
      self.key = key
      self.reason = reason
      self.code = code
      self.message = message
      self.attempts = attempts
      self.since = since
      self.nextAt = nextAt
    }
  }

  /// A key for which nothing is written.
  package struct Pin: Sendable {
    package var directory: String
    package var key: String
    package var because: String
    package var actor: String
    package var since: Moment?
    package var until: Moment?
    /// A change of the row ends it.
    package var endsWithChange: Bool
    /// `delete` or `disable`, where that waits.
    package var removal: String?

    package init(
      directory: String, key: String, because: String, actor: String, since: Moment?, until: Moment? = nil,
      endsWithChange: Bool = false, removal: String? = nil
    ) {
      self.directory = directory
      self.key = key
      self.because = because
      self.actor = actor
      self.since = since
      self.until = until
      self.endsWithChange = endsWithChange
      self.removal = removal
    }
  }

  /// A deletion that comes by itself.
  package struct Due: Sendable {
    package var directory: String
    package var key: String
    package var dn: String?
    package var at: Moment

    package init(directory: String, key: String, dn: String? = nil, at: Moment) {
      self.directory = directory
      self.key = key
      self.dn = dn
      self.at = at
    }
  }
}
