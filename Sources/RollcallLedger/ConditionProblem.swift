/// A promise that is not kept at present, and what a person can do about it: an element of `problems` in `status`.
package struct ConditionProblem: Sendable, Equatable {
  /// What it is about. Scripts rely on these words.
  package enum Code: String, Sendable, CaseIterable {
    /// Changes of a table are not logged, or not all of them.
    case capture
    /// The LDAP server cannot be worked with.
    case server
    /// The change log is large, or was cut.
    case log
    /// The notification queue of PostgreSQL fills up.
    case queue
    /// A stranger holds the leader's lock.
    case lock
    /// No process leads the directory.
    case leader
    /// The schema `rollcall` does not fit the program.
    case schema
    /// The mapping fails for everybody.
    case mapping
    /// A role lacks rights, or has too many.
    case rights
    /// Two-phase commit is possible, so writers do not notify.
    case twophase
    /// A directory name that nobody uses any more holds the change log up.
    case forgotten
    /// A program that follows the journal is behind.
    case follow
  }

  package var code: Code
  package var message: String
  /// What to do about it: a command, or a sentence.
  package var fix: String?
  /// RFC 3339, UTC; nil until it is stored.
  package var since: String?

  package init(_ code: Code, _ message: String, fix: String? = nil, since: String? = nil) {
    self.code = code
    self.message = message
    self.fix = fix
    self.since = since
  }

  /// Whether everything works all the same, so that `status` still ends with 0.
  package var isAdvisory: Bool { code == .twophase }
}
