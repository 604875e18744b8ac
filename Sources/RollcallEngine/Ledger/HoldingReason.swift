internal import RollcallCore

extension RemovalBudget.Reason {
  /// For a person, in `status` and the log.
  var explanation: String {
    switch self {
    case .beyond(let allowed): "the removal budget allows \(allowed) more at present"
    case .firstComparison: "the first comparison of a directory holds every removal"
    case .changedMapping:
      "the first comparison after a change of the mapping, the scope or the schema holds every removal"
    }
  }
}
