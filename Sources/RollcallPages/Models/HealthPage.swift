/// `/health`: what `rollcall check` finds, and what runs here.
package struct HealthPage: Sendable {
  /// A finding of `rollcall check`.
  package struct Finding: Sendable {
    package enum Level: String, Sendable {
      case ok, warning, error
    }

    package var level: Level
    /// A place in the configuration, a table or an entry.
    package var place: String
    package var message: String
    /// A command, or a sentence.
    package var remedy: String?

    package init(_ level: Level, _ place: String, _ message: String, remedy: String? = nil) {
      self.level = level
      self.place = place
      self.message = message
      self.remedy = remedy
    }
  }

  package struct Fact: Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  package var frame: Frame
  /// In the order in which they were made; the page shows errors first.
  package var findings: [Finding]
  /// Versions, the server's kind and whatever else may be asked for when somebody reports trouble.
  package var facts: [Fact]
  /// Each directory's configuration without secrets, as far as its daemon has said it.
  package var configurations: [Fact]
  /// Sentences about what could not be had.
  package var notes: [String]

  package init(
    _ frame: Frame, findings: [Finding] = [], facts: [Fact] = [], configurations: [Fact] = [], notes: [String] = []
  ) {
    self.frame = frame
    self.findings = findings
    self.facts = facts
    self.configurations = configurations
    self.notes = notes
  }
}
