/// How a directory is, in a word or two and in a sentence.
package struct Standing: Sendable, Equatable {
  package enum Level: Int, Sendable, Comparable {
    /// Nobody has to do anything.
    case well
    /// Something waits, and goes on by itself or has time.
    case waiting
    /// A person is needed now.
    case trouble

    package static func < (one: Level, other: Level) -> Bool { one.rawValue < other.rawValue }

    /// As a class of the style sheet, and in the name of the icon.
    var name: String {
      switch self {
      case .well: "well"
      case .waiting: "waiting"
      case .trouble: "trouble"
      }
    }
  }

  package var level: Level
  /// `in step`, `behind by 2 min`, `3 held`: the page's title, and what stands at the right of the bar.
  package var words: String
}

extension DirectorySummary {
  package var standing: Standing {
    if let trouble {
      let words = held > 0 ? "\(trouble), \(DirectorySummary.number(held)) held" : trouble
      return Standing(level: .trouble, words: words)
    }
    if held > 0 {
      let late = isBehind ? ", behind\(lateness)" : ""
      return Standing(level: .trouble, words: "\(DirectorySummary.number(held)) held\(late)")
    }
    if isBehind { return Standing(level: .waiting, words: "behind\(lateness)") }
    if parked > 0 { return Standing(level: .waiting, words: "\(DirectorySummary.number(parked)) parked") }
    return Standing(level: .well, words: "in step")
  }

  /// ` by 2 min`
  private var lateness: String { watermarkAge.map { " by \(Span.rough($0))" } ?? "" }

  private var trouble: String? {
    if leader == nil { return condition == nil ? "never started" : "nobody leads" }
    if let condition, condition.state == "paused" {
      return condition.isOfDatabase ? "database unreachable" : "directory unreachable"
    }
    if condition?.state == "refusing" { return "directory refuses" }
    let serious = problems.filter { !$0.isAdvisory }
    return serious.isEmpty ? nil : counted(serious.count, "problem")
  }

  /// The sentence in large type on the page Now.
  var sentence: String {
    switch (leader, condition?.state) {
    case (nil, nil): "No daemon has ever worked on this directory."
    case (nil, "stopped"?): "The daemon was stopped. Changes wait until it is started."
    case (nil, _): "Nobody leads. Changes wait until a daemon is started."
    case (_, "paused"?):
      condition?.isOfDatabase == true
        ? "PostgreSQL does not answer. Changes wait until it does."
        : "The directory does not answer. Changes wait until it does."
    case (_, "refusing"?): "The directory refuses what is written to it."
    default: sentenceOfTheLed
    }
  }

  private var sentenceOfTheLed: String {
    if let problem = problems.first(where: { !$0.isAdvisory }) {
      return problem.message.prefix(1).uppercased() + problem.message.dropFirst() + "."
    }
    if held > DirectorySummary.most {
      return "More than \(DirectorySummary.most.grouped) removals and takeovers wait for your decision."
    }
    if held > 0 {
      let parts = [(held - takeovers, "removal"), (takeovers, "takeover")].filter { $0.0 > 0 }
      let what = parts.map { counted($0.0, $0.1) }.joined(separator: " and ")
      return "\(what) \(plural(held, "waits", "wait")) for your decision."
    }
    if isBehind {
      let late = watermarkAge.map { "Behind by \(Span.rough($0))" } ?? "Not compared yet"
      guard let backlog else { return "\(late); everybody is being compared." }
      return backlog == 0 ? "\(late)." : "\(late); \(counted(backlog, "change")) to go."
    }
    if parked > 0 {
      let people = "\(DirectorySummary.number(parked))\u{A0}\(plural(parked, "person", "people"))"
      return "In step, except for \(people) who \(plural(parked, "is", "are")) parked."
    }
    return "In step."
  }
}

extension Frame {
  /// Worst first, then by name.
  var ranked: [DirectorySummary] {
    directories.map { (directory: $0, level: $0.standing.level) }.sorted {
      ($1.level, $0.directory.name) < ($0.level, $1.directory.name)
    }.map(\.directory)
  }

  /// Of the page: its directory's, or of all of them together.
  package var standing: Standing { selected?.standing ?? overall }

  /// Of all directories together.
  var overall: Standing {
    let standings = directories.map(\.standing)
    guard let worst = standings.map(\.level).max() else { return Standing(level: .waiting, words: "no directory") }
    if worst == .well { return Standing(level: .well, words: "all in step") }
    let count = standings.count { $0.level == worst }
    let verb = worst == .trouble ? plural(count, "needs you", "need you") : plural(count, "waits", "wait")
    return Standing(level: worst, words: "\(count.grouped) of \(standings.count.grouped) \(verb)")
  }
}
