import Sandbox

/// Waits until a condition holds: long enough for a machine on which all tests run at once.
nonisolated(nonsending) func soon(_ what: String, _ condition: () async throws -> Bool) async throws {
  try await eventually(within: .seconds(60), what, condition)
}

/// Reads a value until it satisfies.
@discardableResult
nonisolated(nonsending) func soon<Value>(
  _ what: String, _ read: () async throws -> Value, is satisfies: (Value) throws -> Bool
) async throws -> Value {
  try await eventually(within: .seconds(60), what, read, is: satisfies)
}
