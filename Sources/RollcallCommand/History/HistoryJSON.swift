internal import RollcallAdministration
internal import RollcallCore

extension HistoryRow {
  /// One object, whose names are a contract: scripts and followers depend on them.
  var json: JSON {
    .object([
      ("id", .integer(id)), ("at", .string(at)), ("key", JSON(key)), ("dn", JSON(dn)), ("new_dn", JSON(newDN)),
      ("action", .string(action)), ("outcome", .string(outcome)), ("intent", JSON(intent)), ("cause", JSON(cause)),
      ("xid", JSON(xid)), ("lag_ms", JSON(lagMilliseconds)),
      ("changes", changes.map { .object($0.map { ($0.name, $0.json) }) } ?? .null),
      ("code", JSON(code)), ("message", JSON(message)), ("actor", JSON(actor)), ("because", JSON(because)),
    ])
  }
}

extension AttributeChange {
  /// Null if values are not kept, or were erased.
  fileprivate var json: JSON {
    .object([("removed", Self.json(removed)), ("added", Self.json(added))])
  }

  private static func json(_ values: [HistoryValue]?) -> JSON {
    values.map { .array($0.map(\.json)) } ?? .null
  }
}

extension HistoryValue {
  fileprivate var json: JSON {
    switch self {
    case .text(let text): .string(text)
    case .digest(let sha256, let size): .object([("sha256", .string(sha256)), ("size", .integer(size))])
    case .hidden: .object([("hidden", .bool(true))])
    }
  }
}
