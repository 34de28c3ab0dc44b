@main
struct SongHan {
  static func main() {}
}
