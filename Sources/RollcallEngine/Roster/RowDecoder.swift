internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Converts result rows to roster rows.
@Reactor
struct RowDecoder {
  private let result: QueryResult
  private let types: [ColumnType]
  private let hasMembership: Bool

  init(_ result: QueryResult, _ shape: RosterShape, hasMembership: Bool) {
    self.result = result
    types = shape.columns.map(\.type)
    self.hasMembership = hasMembership
  }

  func row(_ index: Int) -> (key: RosterKey, RosterAnswer) {
    let key = result.key(index, 0) ?? ""
    var values: [[AttributeValue]] = []
    values.reserveCapacity(types.count)
    for (offset, type) in types.enumerated() {
      let column = RosterShape.leading + offset
      do {
        values.append(try self.values(index, column, type))
      } catch {
        let problem = RosterFailure.value(key, result.columnName(column), "\(error)")
        return (key, .problem(problem, active: result.bool(index, 2)))
      }
    }
    let membership = hasMembership ? values.removeLast() : []
    return (
      key,
      .row(
        RosterRow(
          key: key, inScope: result.bool(index, 1), active: result.bool(index, 2), values: values,
          membership: membership))
    )
  }

  private func values(_ row: Int, _ column: Int, _ type: ColumnType) throws(UndecodableValue) -> [AttributeValue] {
    if type == .bytea, let octets = result.octets(row, column) {
      return octets.isEmpty ? [] : [AttributeValue(bytes: octets)]
    }
    guard let bytes = result.bytes(row, column) else { return [] }
    return try ColumnDecoder.values(bytes, type: type)
  }
}
