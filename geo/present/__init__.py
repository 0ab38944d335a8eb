"""What people see: geometry for the browser, classes and colours, tables in words. Never a new number."""
