/// How one directory is, as `rollcall status` says it.
package struct DirectorySummary: Sendable {
  /// What the daemon has last said of its sides.
  package struct Condition: Sendable {
    /// `connected`, `paused`, `refusing`, `stopped`, `unknown`.
    package var state: String
    package var reason: String?
    package var since: Moment?
    /// Whether the reason is a fault of the database, not of the directory.
    package var isOfDatabase: Bool

    package init(_ state: String, reason: String? = nil, since: Moment? = nil, isOfDatabase: Bool = false) {
      self.state = state
      self.reason = reason
      self.since = since
      self.isOfDatabase = isOfDatabase
    }
  }

  /// A promise that is not kept at present: an element of `problems` in `rollcall status --json`.
  package struct Problem: Sendable {
    package var code: String
    package var message: String
    package var fix: String?
    package var since: Moment?
    /// Everything works all the same.
    package var isAdvisory: Bool

    package init(_ code: String, _ message: String, fix: String? = nil, since: Moment? = nil, isAdvisory: Bool = false)
    {
      self.code = code
      self.message = message
      self.fix = fix
      self.since = since
      self.isAdvisory = isAdvisory
    }
  }

  /// So many of what waits are counted; more are shown as that.
  package static let most = 10_000

  package var name: String
  /// `host:pid` of the process that leads; nil if none does.
  package var leader: String?
  package var leaderSince: Moment?
  /// Seconds since the last completed look that left nothing unsettled; nil before the first.
  package var watermarkAge: Double?
  /// The watermark is older than the directory's `behind_after`.
  package var isBehind: Bool
  /// Keys or changes that are not settled; nil where a full comparison is pending.
  package var backlog: Int?
  /// Nil before a daemon has ever connected.
  package var condition: Condition?
  package var lastReconcile: Moment?
  package var nextReconcile: Moment?
  /// How many keys are set aside with an error, up to one more than ``most``; likewise what follows.
  package var parked: Int
  /// How many removals and takeovers wait for a person.
  package var held: Int
  /// How many of these are takeovers.
  package var takeovers: Int
  package var pinned: Int
  /// Deletions that come by themselves at their time.
  package var due: Int
  package var problems: [Problem]

  package init(
    name: String, leader: String? = nil, leaderSince: Moment? = nil, watermarkAge: Double? = nil,
    isBehind: Bool = false, backlog: Int? = nil, condition: Condition? = nil, lastReconcile: Moment? = nil,
    nextReconcile: Moment? = nil, parked: Int = 0, held: Int = 0, takeovers: Int = 0, pinned: Int = 0, due: Int = 0,
    problems: [Problem] = []
  ) {
    self.name = name
    self.leader = leader
    self.leaderSince = leaderSince
    self.watermarkAge = watermarkAge
    self.isBehind = isBehind
    self.backlog = backlog
    self.condition = condition
    self.lastReconcile = lastReconcile
    self.nextReconcile = nextReconcile
    self.parked = parked
    self.held = held
    self.takeovers = takeovers
    self.pinned = pinned
    self.due = due
    self.problems = problems
  }

  /// A number of what waits.
  static func number(_ count: Int) -> String { count > most ? "more than \(most.grouped)" : count.grouped }
}
