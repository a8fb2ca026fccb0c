for (;;) {
  // Never loaded.
}
