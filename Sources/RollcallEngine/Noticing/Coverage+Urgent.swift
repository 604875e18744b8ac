internal import RollcallConfiguration

/// Which changes go ahead of all others, because they can take somebody's access away.
extension Coverage {
  /// The columns of a table that `where` and `active` read; nil where they cannot be told.
  ///
  /// - Parameter isRoster: whether it is the roster itself: a new row there is somebody new. Of another table that these
  ///   conditions read, a new row can take access away, which its key stands for.
  func urgent(of oid: Int, isRoster: Bool, _ key: String) -> Set<String>? {
    let conditions = readings.filter { $0.path == "source.where" || $0.path == "source.active" }
    // Of a query or a view PostgreSQL records what the whole of it reads, and of a function nothing.
    guard case .table = configuration.source.relation,
      conditions.allSatisfy({ !$0.isBlind && !$0.hidesReads && !$0.tables.contains(where: \.isView) })
    else { return nil }
    var columns: Set<String> = []
    for table in conditions.flatMap(\.tables) where table.oid == oid {
      guard let read = table.columns else { return nil }
      columns.formUnion(isRoster ? read.subtracting([key]) : read.union([key]))
    }
    return columns
  }

  /// What `check` says about it.
  static func urgency(_ demand: Demand, _ marked: [String]?) -> Finding {
    guard let wanted = demand.urgent else {
      return Finding(
        .ok, demand.table,
        "only deletes go ahead of other changes: which columns source.where and source.active read cannot be told")
    }
    let missing = wanted.subtracting(marked ?? [])
    if !missing.isEmpty {
      return Finding(
        .warning, demand.table,
        "its triggers do not let changes of \(missing.sorted().joined(separator: ", ")), which source.where or "
          + "source.active reads, go ahead of others: somebody who leaves may have to wait",
        remedy: "run: rollcall install")
    }
    let others = wanted.subtracting([demand.key]).sorted()
    let what = ["deletes", wanted.contains(demand.key) ? "new rows" : nil].compactMap { $0 }.joined(separator: ", ")
    return Finding(
      .ok, demand.table,
      "\(what)\(others.isEmpty ? "" : " and changes of \(others.joined(separator: ", "))") go ahead of other changes")
  }
}
