import Runs

@main
struct SongHan {
  static func main() {}
}
