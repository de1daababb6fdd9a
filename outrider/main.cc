#include "outrider/app/main.h"

int main(int argc, char** argv) { return outrider::app::run(argc, argv); }
