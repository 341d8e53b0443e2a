# Install rules: see the packaging section of the README.
