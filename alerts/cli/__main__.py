# SPDX-License-Identifier: MIT
from alerts.cli import main

if __name__ == "__main__":
    main()
