internal import DequeModule
internal import Reactor

/// Statements of a session that wait for each other: those of urgent tasks first.
public enum StatementPriority {
  /// Whether what this task sends overtakes what waits.
  @TaskLocal public static var isUrgent = false
}

/// Commands that wait for the session, in the order in which they will be sent.
@Reactor
struct WaitingCommands {
  /// After so many that overtook it, the first of the others is sent.
  private static let mostOvertaking = 16

  private var first: Command?
  private var urgent = Deque<Command>()
  private var others = Deque<Command>()
  private var overtaken = 0

  nonisolated init() {}

  var isEmpty: Bool { first == nil && urgent.isEmpty && others.isEmpty }

  /// - Parameter isUrgent: whether it is sent before others.
  mutating func append(_ command: Command, isUrgent: Bool) {
    if isUrgent { urgent.append(command) } else { others.append(command) }
  }

  /// Puts what belongs to the statement before ahead of everything.
  mutating func prepend(_ command: Command) { first = command }

  mutating func next() -> Command? {
    if let first {
      self.first = nil
      return first
    }
    if others.isEmpty || overtaken < Self.mostOvertaking, let command = urgent.popFirst() {
      overtaken += others.isEmpty ? 0 : 1
      return command
    }
    overtaken = 0
    return others.popFirst() ?? urgent.popFirst()
  }

  mutating func takeAll() -> [Command] {
    var all: [Command] = []
    while let command = next() { all.append(command) }
    return all
  }
}
