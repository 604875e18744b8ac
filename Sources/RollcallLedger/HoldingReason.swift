internal import RollcallCore

extension RemovalBudget.Reason {
  /// The explanation for `status` and the log.
  package var explanation: String {
    switch self {
    case .beyond(let allowed): "the removal budget allows \(allowed) more at present"
    case .firstComparison: "the first comparison of a directory holds every removal"
    case .changedMapping:
      "the first comparison after a change of the mapping, the scope or the schema holds every removal"
    case .clockJumped: "the database's clock has jumped: until everybody is compared every removal is held"
    case .changedByHand: "the entry was changed by hand since it was disabled"
    }
  }
}

extension Removal {
  /// Why it is held, with the groups that the person would leave; empty if there is no explanation.
  func explanation(_ reason: String?) -> String {
    guard let reason, !groups.isEmpty else { return reason ?? "" }
    let most = 5
    let more = groups.count > most ? " and \(groups.count - most) more" : ""
    return "\(reason); leaves \(groups.prefix(most).joined(separator: " and "))\(more)"
  }
}
