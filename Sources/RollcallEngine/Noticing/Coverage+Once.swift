package import RollcallConfiguration

/// What the attributes of groups read: their values are taken when a group is created, and stay.
extension Coverage {
  /// Names each relation that they read, and says that it is not watched for them.
  package func readOnce() -> [Finding] {
    once.flatMap { reading in
      reading.tables.map { table in
        let columns = table.columns.map { $0.sorted().joined(separator: ", ") } ?? "all columns"
        return Finding(
          .ok, configuration.place(of: reading.path),
          "reads \(table.name)\(table.isView ? "" : " (\(columns))") when a group is created; it is not watched for that, "
            + "and what changes there later changes no group")
      }
    }
  }
}
