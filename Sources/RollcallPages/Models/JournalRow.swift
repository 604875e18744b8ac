/// One row of the journal, as `rollcall history` has it.
package struct JournalRow: Sendable {
  /// A value before or after.
  package enum Value: Sendable, Equatable {
    case text(String)
    /// Of a value that is kept as a digest: its octets, and the digest in hexadecimal digits.
    case digest(sha256: String, size: Int)
    case hidden
  }

  package struct Change: Sendable {
    package var attribute: String
    /// Nil where the values are not kept.
    package var removed: [Value]?
    package var added: [Value]?
    /// The values were erased later.
    package var isErased: Bool

    package init(_ attribute: String, removed: [Value]?, added: [Value]?, isErased: Bool = false) {
      self.attribute = attribute
      self.removed = removed
      self.added = added
      self.isErased = isErased
    }
  }

  package var id: Int
  package var at: Moment
  package var directory: String
  /// Nil for what concerns nobody alone.
  package var key: String?
  package var dn: String?
  package var newDN: String?
  /// `create`, `update`, `delete`, `park`, `pin` …
  package var action: String
  /// `intended`, `done`, `refused` or `unknown`.
  package var outcome: String
  package var cause: String?
  /// The source's transaction.
  package var xid: String?
  package var lagMilliseconds: Double?
  /// Nil where there is nothing to tell.
  package var changes: [Change]?
  /// The LDAP result code.
  package var code: Int?
  package var message: String?
  package var actor: String?
  package var because: String?
  /// Whether `rollcall undo` takes such a row back.
  package var isUndoable: Bool

  package init(
    id: Int, at: Moment, directory: String, key: String? = nil, dn: String? = nil, newDN: String? = nil,
    action: String, outcome: String, cause: String? = nil, xid: String? = nil, lagMilliseconds: Double? = nil,
    changes: [Change]? = nil, code: Int? = nil, message: String? = nil, actor: String? = nil, because: String? = nil,
    isUndoable: Bool = false
  ) {
    self.id = id
    self.at = at
    self.directory = directory
    self.key = key
    self.dn = dn
    self.newDN = newDN
    self.action = action
    self.outcome = outcome
    self.cause = cause
    self.xid = xid
    self.lagMilliseconds = lagMilliseconds
    self.changes = changes
    self.code = code
    self.message = message
    self.actor = actor
    self.because = because
    self.isUndoable = isUndoable
  }
}
