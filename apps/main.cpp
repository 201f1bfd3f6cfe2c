#include "cli/app.h"

int main(int argc, char** argv) {
  return rocmforge::cli::run(argc, argv);
}
