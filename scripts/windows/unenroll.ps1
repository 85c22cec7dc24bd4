<#
.SYNOPSIS
Ends the enrollment of this machine with mockmdm, and by choice its trust in the lab.

.DESCRIPTION
Calls UnregisterDeviceWithManagement: elevated, 64-bit. The device tells the server, which then shows it as removed. What the
server delivered goes with the enrollment; the root stays unless its thumbprint is given.
#>
[CmdletBinding()]
param(
    # SHA-1 of the root that is to be removed from the store of the machine as well.
    [string] $RootThumbprint
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

if (-not [Environment]::Is64BitProcess) {
    throw 'Run this in the 64-bit PowerShell: the other one has no such function.'
}

# Page "UnregisterDeviceWithManagement function" of the Win32 API.
Add-Type -Namespace Mockmdm -Name Unregistration -MemberDefinition @'
[System.Runtime.InteropServices.DllImport("mdmregistration.dll", CharSet = System.Runtime.InteropServices.CharSet.Unicode, ExactSpelling = true)]
public static extern int UnregisterDeviceWithManagement(string enrollmentId);
'@

$guid = Get-ChildItem 'HKLM:\SOFTWARE\Microsoft\Enrollments' -ErrorAction SilentlyContinue | ForEach-Object {
    $enrollment = Get-ItemProperty $_.PSPath
    if ($enrollment.PSObject.Properties['ProviderID'] -and $enrollment.ProviderID -eq 'mockmdm') { $_.PSChildName }
} | Select-Object -First 1

if ($guid) {
    $result = [Mockmdm.Unregistration]::UnregisterDeviceWithManagement($guid)
    if ($result -ne 0) {
        throw ('Unenrolling failed: 0x{0:X8}. Restart the machine and try again, or use Settings.' -f $result)
    }
    Write-Output "The enrollment $guid has ended."
}
else {
    Write-Output 'This machine is not enrolled with mockmdm.'
}

if ($RootThumbprint) {
    $thumbprint = ($RootThumbprint -replace '[^0-9A-Fa-f]', '').ToUpperInvariant()
    $root = Get-ChildItem Cert:\LocalMachine\Root | Where-Object { $_.Thumbprint -eq $thumbprint }
    if ($root) {
        $root | Remove-Item
        Write-Output "The root $thumbprint is not trusted any more."
    }
    else {
        Write-Output "There is no root $thumbprint."
    }
}
