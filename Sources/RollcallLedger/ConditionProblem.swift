/// A guarantee that currently does not hold, and its remedy: an element of `problems` in `status`.
package struct ConditionProblem: Sendable, Equatable {
  /// The subject of the problem. Scripts rely on these words.
  package enum Code: String, Sendable, CaseIterable {
    /// Changes of a table are not logged, or not all of them.
    case capture
    /// The LDAP server cannot be used.
    case server
    /// The change log is large, or was truncated.
    case log
    /// PostgreSQL's notification queue is filling up.
    case queue
    /// Another program holds the leader's lock.
    case lock
    /// No process leads the directory.
    case leader
    /// The schema `rollcall` does not fit the program.
    case schema
    /// The mapping fails for every row.
    case mapping
    /// A role lacks rights, or has too many.
    case rights
    /// Two-phase commit is enabled, so writers do not notify.
    case twophase
    /// An unused directory name keeps the change log from being pruned.
    case forgotten
    /// A program that follows the journal is behind.
    case follow
  }

  package var code: Code
  package var message: String
  /// How to fix it: a command, or a sentence.
  package var fix: String?
  /// RFC 3339, UTC; nil until it is stored.
  package var since: String?

  package init(_ code: Code, _ message: String, fix: String? = nil, since: String? = nil) {
    self.code = code
    self.message = message
    self.fix = fix
    self.since = since
  }

  /// Whether everything works nevertheless, so that `status` still exits with 0.
  package var isAdvisory: Bool { code == .twophase }
}
