/// What every page with a session has: the bar at the top, what a form needs, and the way out: `POST /logout` with
/// `form`.
package struct Frame: Sendable {
  /// All directories of the database. The bar shows them worst first.
  package var directories: [DirectorySummary]
  /// The name of the directory that the page is about; nil where it is about all of them.
  package var directory: String?
  /// Whether the server was started with `--actions`: without it no page has a form that changes something.
  package var hasActions: Bool
  /// For the hidden field `form` of every form.
  package var formToken: String
  /// The database's clock.
  package var now: Moment
  /// Of the program, as `rollcall --version` prints it.
  package var version: String
  /// What has become of the last action, or why the page does not show everything.
  package var notice: Notice?

  package init(
    directories: [DirectorySummary], directory: String? = nil, hasActions: Bool = false, formToken: String,
    now: Moment, version: String, notice: Notice? = nil
  ) {
    self.directories = directories
    self.directory = directory
    self.hasActions = hasActions
    self.formToken = formToken
    self.now = now
    self.version = version
    self.notice = notice
  }

  /// The directory that the page is about; the only one where there is one.
  var selected: DirectorySummary? {
    if let directory { return directories.first { $0.name == directory } }
    return directories.count == 1 ? directories.first : nil
  }
}

/// A sentence above the page.
package struct Notice: Sendable {
  package enum Level: Sendable {
    /// What was asked for is under way or done.
    case done
    /// Something is not as one might think: the page shows only what the database knows, say.
    case warning
    /// It was not done.
    case failed
  }

  package var level: Level
  /// One or more sentences, with full stops.
  package var text: String

  package init(_ level: Level, _ text: String) {
    self.level = level
    self.text = text
  }
}
