"""The generator of the fictional sample ward: plan → city → people, places, files."""
