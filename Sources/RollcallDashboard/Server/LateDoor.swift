internal import Synchronization

/// The door is made when the port is known; a request that is faster is told to come again.
final class LateDoor: Sendable {
  private let door = Mutex<FrontDoor?>(nil)

  func open(_ front: FrontDoor) { door.withLock { $0 = front } }

  func respond(_ request: WebRequest) async -> WebResponse {
    guard let front = door.withLock({ $0 }) else { return WebResponse(503, "Not ready yet.\n") }
    return await front.respond(request)
  }
}
